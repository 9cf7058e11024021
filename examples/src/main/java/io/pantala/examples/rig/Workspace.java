package io.pantala.examples.rig;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.pantala.proxy.config.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A temporary directory that goes, with all in it, when it is closed. */
public final class Workspace implements AutoCloseable {
    private final Path root;

    private Workspace(Path root) {
        this.root = root;
    }

    /** Makes one below a directory. */
    public static Workspace create(Path below, String name) throws IOException {
        return new Workspace(Files.createTempDirectory(Files.createDirectories(below), "pantala-" + name + "-"));
    }

    /** A directory in it that goes by itself when it is closed. */
    public Workspace part(String name) throws IOException {
        return new Workspace(directory(name));
    }

    public Path root() {
        return root;
    }

    /** Makes a directory in it. */
    public Path directory(String name) throws IOException {
        return Files.createDirectories(root.resolve(name));
    }

    /** Removes a directory in it, with all in there. */
    public void remove(Path directory) throws IOException {
        if (!directory.startsWith(root)) {
            throw new IllegalArgumentException(directory + " is not in " + root);
        }
        if (Files.exists(directory)) {
            MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }

    /** Says so when there is not so much room. */
    public void require(long bytes) throws RigException, IOException {
        long free = Files.getFileStore(root).getUsableSpace();
        if (free < bytes) {
            throw new RigException("it needs " + new ByteSize(bytes) + " in " + root.getParent() + ", where "
                    + new ByteSize(free) + " are free; --dir names another place");
        }
    }

    @Override
    public void close() throws IOException {
        remove(root);
    }
}
