package dev.srganedge.demo

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.SystemClock

/** Keeps the app alive while photos are saved, and says so with progress and a way to cancel. The work is in [Jobs]. */
class SaveService : Service() {
    private val jobs get() = (application as DemoApplication).jobs
    private val listener = ::show
    private var shown = 0L

    /** Of the newest start, once it is in the foreground: whoever ends before that is ended by the system, with the app. */
    private var started: Int? = null

    override fun onCreate() {
        super.onCreate()
        val channel = NotificationChannel(CHANNEL, getString(R.string.saving_channel), NotificationManager.IMPORTANCE_LOW)
        service<NotificationManager>().createNotificationChannel(channel)
        jobs.listen(listener)
    }

    override fun onStartCommand(intent: Intent?, flags: Int, id: Int): Int {
        if (intent?.action == CANCEL) jobs.running.forEach(jobs::cancel)
        val notification = notification()
        when {
            Build.VERSION.SDK_INT >= 35 -> startForeground(NOTIFICATION, notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_MEDIA_PROCESSING)
            Build.VERSION.SDK_INT >= 29 -> startForeground(NOTIFICATION, notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC)
            else -> startForeground(NOTIFICATION, notification)
        }
        started = id
        if (jobs.running.isEmpty()) end()
        return START_NOT_STICKY
    }

    override fun onBind(intent: Intent?) = null

    /** After six hours a day the system wants an end. */
    override fun onTimeout(id: Int, type: Int) = jobs.running.forEach(jobs::cancel)

    override fun onDestroy() {
        jobs.forget(listener)
        super.onDestroy()
    }

    private fun show() {
        if (jobs.running.isEmpty()) return end()
        val now = SystemClock.elapsedRealtime()
        if (now - shown < BETWEEN) return // the system drops those that come too often
        shown = now
        service<NotificationManager>().notify(NOTIFICATION, notification())
    }

    private fun end() {
        val last = started ?: return
        stopForeground(STOP_FOREGROUND_REMOVE)
        stopSelf(last) // not if another start is on its way
    }

    private fun notification(): Notification {
        val job = jobs.running.firstOrNull()
        val (done, tiles) = job?.progress ?: (0 to 0)
        val look = Intent(this, QueueActivity::class.java)
        val cancel = Intent(this, SaveService::class.java).setAction(CANCEL)
        return Notification.Builder(this, CHANNEL)
            .setSmallIcon(R.drawable.icon_front)
            .setContentTitle(getString(R.string.saving, job?.name.orEmpty()))
            .setContentText(resources.getQuantityString(R.plurals.photos_left, jobs.running.size, jobs.running.size))
            .setProgress(tiles, done, tiles == 0)
            .setOngoing(true)
            .setContentIntent(PendingIntent.getActivity(this, 0, look, PendingIntent.FLAG_IMMUTABLE))
            .addAction(
                Notification.Action.Builder(
                    null, getString(R.string.cancel), PendingIntent.getService(this, 1, cancel, PendingIntent.FLAG_IMMUTABLE),
                ).build(),
            )
            .build()
    }

    companion object {
        const val CANCEL = "dev.srganedge.demo.CANCEL"
        private const val CHANNEL = "saving"
        private const val NOTIFICATION = 1
        private const val BETWEEN = 300L // milliseconds
    }
}
