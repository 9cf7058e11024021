package io.pantala.examples.rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * What a process costs, from {@code /proc}.
 *
 * @param cpu time so far, of all its threads, in steps of 10 ms
 * @param rss bytes of memory that it has, all kinds together
 * @param anonymous bytes of it that belong to no file
 */
public record Usage(Duration cpu, long rss, long anonymous, int threads) {
    /** What the kernel's clock ticks are to user programs, on every architecture that Java runs on. */
    private static final long MILLIS_PER_TICK = 10;

    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    /** An {@link IOException} when there is no such process. */
    public static Usage of(long pid) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        String stat = Files.readString(process.resolve("stat"));
        // The program's name, in parentheses, may hold anything.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        long ticks = Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS]);
        String status = Files.readString(process.resolve("status"));
        return new Usage(
                Duration.ofMillis(ticks * MILLIS_PER_TICK),
                1024 * field(status, "VmRSS:"),
                1024 * field(status, "RssAnon:"),
                (int) field(status, "Threads:"));
    }

    /** How many files and sockets a process has open. */
    public static int openFiles(long pid) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return (int) open.count();
        }
    }

    private static long field(String status, String name) throws IOException {
        String line = status.lines()
                .filter(each -> each.startsWith(name))
                .findFirst()
                .orElseThrow(() -> new IOException("the process is ending: it has no " + name));
        return Long.parseLong(line.substring(name.length()).strip().split(" ", 2)[0]);
    }
}
