package io.pantala.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A program that runs in the background, with the end of its output kept. Ended by its id, its children too. */
final class Daemon implements AutoCloseable {
    private static final int LINES_KEPT = 2_000;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String name;
    private final Process process;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<String> lines = new ArrayDeque<>();
    private boolean ended;

    private Daemon(String name, Process process) {
        this.name = name;
        this.process = process;
        Thread.ofVirtual().name(name + "-output").start(this::read);
    }

    static Daemon start(Path directory, Map<String, String> environment, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            builder.environment().putAll(environment);
            return new Daemon(Path.of(command.getFirst()).getFileName().toString(), builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for a line, of those still kept, that has a match. */
    Matcher awaitLine(Pattern pattern) {
        long left = PATIENCE.toNanos();
        lock.lock();
        try {
            while (true) {
                for (String line : lines) {
                    Matcher matcher = pattern.matcher(line);
                    if (matcher.find()) {
                        return matcher;
                    }
                }
                if (ended || left <= 0) {
                    throw new AssertionError(name + (ended ? " ended" : " took too long") + " without saying " + pattern
                            + ":\n" + output());
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            lock.unlock();
        }
    }

    /** The end of what it has said. */
    String output() {
        lock.lock();
        try {
            return String.join("\n", new ArrayList<>(lines));
        } finally {
            lock.unlock();
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends it a signal that it handles. */
    void signal(String name) {
        Command.run(Map.of(), List.of("/bin/kill", "-" + name, Long.toString(process.pid())))
                .orFail();
    }

    /** As {@code kill -9} does. */
    void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        await(Duration.ofSeconds(10));
    }

    /**
     * As {@code kill} does, and waits for the end.
     *
     * @return its exit code; null if it had to be killed
     */
    @Nullable
    Integer terminate() {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        boolean orderly = await(PATIENCE);
        children.forEach(ProcessHandle::destroyForcibly);
        if (!orderly) {
            kill();
            return null;
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        terminate();
    }

    private boolean await(Duration patience) {
        try {
            return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void read() {
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(its output ended: " + e.getMessage() + ")");
        }
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void add(String line) {
        lock.lock();
        try {
            lines.add(line);
            if (lines.size() > LINES_KEPT) {
                lines.removeFirst();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
