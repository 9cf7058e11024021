package io.pantala.examples.rig;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;

/** How busy this machine is, from {@code /proc}, and what it is. */
public final class Machine {
    private static final Path STAT = Path.of("/proc/stat");
    private static final Path LOAD = Path.of("/proc/loadavg");
    private static final Path CPUS = Path.of("/proc/cpuinfo");
    private static final Path MEMORY = Path.of("/proc/meminfo");

    /** user, nice, system, idle, iowait, irq, softirq, steal; guest times are within user's. */
    private static final int STATES = 8;

    private static final int READ = 1 << 20;

    private static final int IDLE = 3;
    private static final int WAITING = 4;

    private Machine() {}

    /** CPU time since the machine started, of all its cores. */
    public record Ticks(long idle, long all) {
        /** Which share of the time since then no core had anything to do, from 0 to 1. */
        public double idleSince(Ticks before) {
            return all == before.all ? 1 : (double) (idle - before.idle) / (all - before.all);
        }
    }

    public static Ticks ticks() throws IOException {
        String all = Files.readAllLines(STAT).getFirst();
        long[] states = Arrays.stream(all.strip().split(" +", -1))
                .skip(1)
                .limit(STATES)
                .mapToLong(Long::parseLong)
                .toArray();
        return new Ticks(states[IDLE] + states[WAITING], Arrays.stream(states).sum());
    }

    /** How many threads wanted to run, on average over the last minute. */
    public static double load() throws IOException {
        return Double.parseDouble(Files.readString(LOAD).split(" ", 2)[0]);
    }

    /**
     * Has the kernel's page cache take all memory that nobody uses, as on a machine that has been up for a while. Memory
     * that a virtual machine has never used, or has given back, costs its host seconds a GiB when it is used first, and
     * that would be measured in its stead. It lasts as long as the file is there.
     *
     * @param file to make, a hole as large as the memory; in a file system that is not itself in memory
     */
    public static void fillPageCache(Path file) throws IOException {
        try (FileChannel hole = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
            long size = memoryKilobytes() << 10;
            hole.write(ByteBuffer.allocate(1), size - 1);
            ByteBuffer read = ByteBuffer.allocateDirect(READ);
            while (hole.read(read.clear()) > 0) {
                // what it reads is zero, and kept by the kernel
            }
        }
    }

    /** In words: processor, cores, memory, kernel. */
    public static String describe() throws IOException {
        return Runtime.getRuntime().availableProcessors() + " cores of "
                + field(CPUS, "model name").orElse("?")
                + ", " + (memoryKilobytes() >> 20) + " GiB, " + System.getProperty("os.name") + " "
                + System.getProperty("os.version");
    }

    private static long memoryKilobytes() throws IOException {
        return field(MEMORY, "MemTotal")
                .map(text -> Long.parseLong(text.split(" ", 2)[0]))
                .orElseThrow(() -> new IOException(MEMORY + " does not say how much memory there is"));
    }

    private static Optional<String> field(Path file, String name) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst();
    }
}
