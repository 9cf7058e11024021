package io.pantala.examples.rig;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Looks at the memory of processes many times a second, since the kernel keeps no peak of what is anonymous. */
public final class MemoryWatch implements AutoCloseable {
    private static final long PERIOD_MILLIS = 20;

    private final Map<String, Long> peaks = new HashMap<>();
    private final Thread thread;

    private MemoryWatch(List<Daemon> processes) {
        this.thread = Thread.ofPlatform().daemon().name("memory-watch").unstarted(() -> watch(processes));
    }

    public static MemoryWatch start(List<Daemon> processes) {
        MemoryWatch watch = new MemoryWatch(processes);
        watch.thread.start();
        return watch;
    }

    /** The most anonymous memory that the process had so far, in bytes. */
    public long peak(Daemon process) {
        synchronized (peaks) {
            return peaks.getOrDefault(process.name(), 0L);
        }
    }

    private void watch(List<Daemon> processes) {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                for (Daemon process : processes) {
                    see(process);
                }
                Thread.sleep(PERIOD_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void see(Daemon process) {
        try {
            long anonymous = process.usage().anonymous();
            synchronized (peaks) {
                peaks.merge(process.name(), anonymous, Math::max);
            }
        } catch (IOException e) {
            // It has ended, which others notice.
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
