package io.pantala.faults;

import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** The files of one stored blob, for those who spoil them. */
record BlobFiles(Path data, Path blocks) {
    /**
     * The files of a complete blob of {@code registry.example}; waits until they are where those are.
     *
     * @param node the node's directory
     */
    static BlobFiles complete(Path node, Digest digest) {
        Path folder = node.resolve("store/blobs/registry.example")
                .resolve(digest.encoded().substring(0, 2));
        BlobFiles files =
                new BlobFiles(folder.resolve(digest.encoded() + ".data"), folder.resolve(digest.encoded() + ".blocks"));
        await().until(() -> Files.exists(files.blocks) && Files.exists(files.data));
        return files;
    }

    /** Turns one bit of the data. */
    void flip(long position) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
            file.seek(position);
            int was = file.read();
            file.seek(position);
            file.write(was ^ 1);
        }
    }

    /** Deletes a directory with all that is in it. */
    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
