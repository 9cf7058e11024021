package io.pantala.seed.cluster;

import io.pantala.transport.identity.PrivateFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Where a seed keeps its cluster's state. The seed and the commands of its operator may change it at the same time. */
final class ClusterFile {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long AGAIN_MILLIS = 20;
    private static final String DIRECTORY = "cluster";
    private static final String FILE = "state.json";
    private static final String LOCK = "lock";

    private final PrivateFile file;

    private ClusterFile(PrivateFile file) {
        this.file = file;
    }

    /** @param data the seed's data directory */
    static ClusterFile in(Path data) throws IOException {
        return new ClusterFile(PrivateFile.in(data.resolve(DIRECTORY), FILE));
    }

    static Path path(Path data) {
        return data.resolve(DIRECTORY).resolve(FILE);
    }

    Path path() {
        return file.path();
    }

    /** What is in it; empty before the seed's first start. */
    Optional<ClusterState> read() throws IOException {
        Optional<String> text = file.read();
        return text.isEmpty() ? Optional.empty() : Optional.of(parse(text.get()));
    }

    private ClusterState parse(String text) throws IOException {
        try {
            return ClusterState.parse(text);
        } catch (IOException e) {
            throw new IOException(file.path() + " is " + e.getMessage(), e);
        }
    }

    /** Changes it, while nobody else does; from {@link ClusterState#NONE} when there is none. */
    ClusterState update(UnaryOperator<ClusterState> change) throws IOException {
        try (FileChannel lock = FileChannel.open(
                        file.path().resolveSibling(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = lock(lock)) {
            Optional<ClusterState> before = read();
            ClusterState after = change.apply(before.orElse(ClusterState.NONE));
            if (before.isEmpty() || !after.equals(before.get())) {
                file.write(after.json());
            }
            return after;
        }
    }

    private FileLock lock(FileChannel channel) throws IOException {
        for (long waited = 0; waited < PATIENCE.toMillis(); waited += AGAIN_MILLIS) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Another thread of this process has it.
            }
            try {
                Thread.sleep(AGAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        throw new IOException(file.path() + " is locked by another process for " + PATIENCE.toSeconds() + " s");
    }
}
