package dev.srganedge.demo

import android.app.Activity
import android.content.Context
import android.view.View

/** A view of the layout that must be there: the framework's classes disagree on whether it may be null. */
fun <T : View> Activity.view(id: Int): T = requireNotNull(findViewById(id))

/** A system service that every phone has. */
inline fun <reified T : Any> Context.service(): T = requireNotNull(getSystemService(T::class.java))
