package io.pantala.examples.rig;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program that runs in the background until it is closed. What it writes goes to a file, its end is kept besides. */
public final class Daemon implements AutoCloseable {
    private static final int LINES_KEPT = 200;
    private static final int LINES_SHOWN = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final long startedAt = System.nanoTime();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Line> lines = new ArrayDeque<>();
    private boolean ended;

    /** @param after the start, in nanoseconds */
    private record Line(String text, long after) {}

    /** A line that was waited for, and how long after the program's start it came. */
    public record Seen(Matcher match, Duration after) {}

    private Daemon(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /**
     * Starts a program.
     *
     * @param log the file that what it writes is appended to
     */
    public static Daemon start(Site site, String name, Path log, List<String> command) throws IOException {
        Writer to = Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        try {
            Process process = new ProcessBuilder(site.command(command))
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            Daemon daemon = new Daemon(name, process);
            Thread.ofPlatform().daemon().name("output of " + name).start(() -> daemon.read(to));
            return daemon;
        } catch (IOException e) {
            to.close();
            throw e;
        }
    }

    /** Waits for a line, of the latest that it wrote, that has a match. */
    public Seen awaitLine(Pattern pattern, Duration patience) throws IOException, InterruptedException {
        long left = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (true) {
                for (Line line : lines) {
                    Matcher match = pattern.matcher(line.text());
                    if (match.find()) {
                        return new Seen(match, Duration.ofNanos(line.after()));
                    }
                }
                if (ended || left <= 0) {
                    throw new IOException(
                            name + (ended ? " ended" : " did not get ready in " + patience.toSeconds() + " s")
                                    + "; its last words:\n" + lastWords());
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it can be connected to: for programs that say nothing when they are ready. */
    public void awaitListening(Site site, InetSocketAddress address) throws IOException, InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                site.connect(address, PATIENCE).close();
                return;
            } catch (IOException e) {
                if (!isRunning() || System.nanoTime() > end) {
                    throw new IOException(name + " can't be reached; its last words:\n" + lastWords(), e);
                }
                Thread.sleep(LOOK);
            }
        }
    }

    /** The last lines that it wrote. */
    public String lastWords() {
        lock.lock();
        try {
            return String.join(
                    "\n",
                    lines.stream()
                            .skip(Math.max(0, lines.size() - LINES_SHOWN))
                            .map(Line::text)
                            .toList());
        } finally {
            lock.unlock();
        }
    }

    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isRunning() {
        return process.isAlive();
    }

    /** What it costs so far. */
    public Usage usage() throws IOException {
        return Usage.of(pid());
    }

    /** Ends it as {@code kill -9} does. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd(GRACE);
    }

    /** Stops it where it is: it neither answers nor ends. */
    public void freeze() throws IOException, InterruptedException {
        Tools.run(List.of("kill", "-STOP", Long.toString(pid())));
    }

    public void thaw() throws IOException, InterruptedException {
        Tools.run(List.of("kill", "-CONT", Long.toString(pid())));
    }

    /** Asks it to end, and kills it when it doesn't. */
    @Override
    public void close() {
        process.destroy();
        if (!awaitEnd(GRACE)) {
            kill();
        }
    }

    private boolean awaitEnd(Duration patience) {
        boolean interrupted = Thread.interrupted();
        long end = System.nanoTime() + patience.toNanos();
        try {
            while (true) {
                try {
                    return process.waitFor(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void read(Writer to) {
        try (to;
                BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                keep(line);
                to.write(line + "\n");
                to.flush();
            }
        } catch (IOException e) {
            keep("(its output can't be read any more: " + e.getMessage() + ")");
        } finally {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void keep(String line) {
        long after = System.nanoTime() - startedAt;
        lock.lock();
        try {
            if (lines.size() == LINES_KEPT) {
                lines.removeFirst();
            }
            lines.addLast(new Line(line, after));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
