package io.pantala.examples.soak;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a node has open.
 *
 * @param blobs files of its store, which it keeps open for the next pull of the blob; some hundreds at most
 * @param deleted those of these that are deleted
 * @param others sockets and other files
 */
record Descriptors(int blobs, int deleted, int others) {
    private static final String DELETED = " (deleted)";

    static Descriptors of(long pid, Path store) throws IOException {
        int blobs = 0;
        int deleted = 0;
        int others = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : all) {
                String target;
                try {
                    target = Files.readSymbolicLink(descriptor).toString();
                } catch (IOException e) {
                    continue; // closed meanwhile
                }
                if (!target.startsWith(store.toString())) {
                    others++;
                } else if (target.endsWith(DELETED)) {
                    deleted++;
                } else {
                    blobs++;
                }
            }
        }
        return new Descriptors(blobs, deleted, others);
    }
}
