package io.pantala.examples.rig;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The same, several times at once. */
public final class Together {
    private Together() {}

    /** Does it on so many threads, and waits for all; the first failure ends the others. */
    public static <T> List<T> run(int times, Callable<T> work) throws IOException, InterruptedException {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("engine-", 0).factory())) {
            try {
                List<T> done = new ArrayList<>();
                for (Future<T> each : threads.invokeAll(Collections.nCopies(times, work))) {
                    done.add(each.get());
                }
                return done;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
            } finally {
                threads.shutdownNow();
            }
        }
    }
}
