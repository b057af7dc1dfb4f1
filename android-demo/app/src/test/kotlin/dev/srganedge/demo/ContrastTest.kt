package dev.srganedge.demo

import android.content.Context
import android.graphics.Color
import android.view.ContextThemeWrapper
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** What is written can be read: WCAG 2.2, 1.4.3 (4.5 to 1 for text) and 1.4.11 (3 to 1 for what is drawn). */
@RunWith(AppRunner::class)
@Config(sdk = [29, 35, 36], application = FakeApplication::class)
class ContrastTest {
    private fun luminance(colour: Int) = Color.luminance(colour).toDouble()

    private fun contrast(one: Int, other: Int): Double {
        val (dark, bright) = listOf(luminance(one), luminance(other)).sorted()
        return (bright + 0.05) / (dark + 0.05)
    }

    /** [colour] with its opacity on [ground]. */
    private fun over(colour: Int, ground: Int): Int {
        fun channel(of: (Int) -> Int) = (of(colour) * Color.alpha(colour) + of(ground) * (255 - Color.alpha(colour))) / 255
        return Color.rgb(channel(Color::red), channel(Color::green), channel(Color::blue))
    }

    @Test
    fun `in both themes`() {
        for (theme in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+$theme")
            val context: Context = ContextThemeWrapper(fake, R.style.App)
            fun colour(id: Int) = context.getColor(id)
            val texts = listOf(
                R.color.text to R.color.background, R.color.quiet to R.color.background, R.color.text to R.color.surface,
                R.color.accent to R.color.background, R.color.on_accent to R.color.accent,
            )
            for ((text, ground) in texts) {
                val found = contrast(colour(text), colour(ground))
                assertTrue("$theme: ${context.resources.getResourceEntryName(text)} on ${context.resources.getResourceEntryName(ground)}: $found", found >= 4.5)
            }
            // On the camera's picture, and the divider on a photo: whatever is under them.
            for (picture in listOf(Color.WHITE, Color.BLACK, Color.GRAY)) {
                assertTrue(contrast(Color.WHITE, over(colour(R.color.veil), picture)) >= 4.5)
                for (line in listOf(R.color.divider, R.color.on_video)) {
                    val best = maxOf(contrast(colour(line), picture), contrast(colour(line), over(colour(R.color.divider_edge), picture)))
                    assertTrue("$theme: the line on ${Integer.toHexString(picture)}: $best", best >= 3)
                }
            }
        }
    }
}
