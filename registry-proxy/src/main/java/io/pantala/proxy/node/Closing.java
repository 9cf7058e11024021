package io.pantala.proxy.node;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has been opened, to be closed in reverse, each of it whatever the others do. */
final class Closing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private final Deque<Runnable> steps = new ArrayDeque<>();

    /** How something is closed. */
    interface Closer<T> {
        void close(T opened) throws Exception;
    }

    <T> T add(T opened, Closer<T> closer) {
        steps.push(() -> {
            try {
                closer.close(opened);
            } catch (Exception e) {
                LOG.warn("closing {}", opened.getClass().getSimpleName(), e);
            }
        });
        return opened;
    }

    /** Once; a second time there is nothing left to close. */
    @Override
    public synchronized void close() {
        while (!steps.isEmpty()) {
            steps.pop().run();
        }
    }
}
