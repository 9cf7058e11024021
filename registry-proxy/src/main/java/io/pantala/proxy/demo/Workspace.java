package io.pantala.proxy.demo;

import io.pantala.proxy.config.ByteSize;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** A temporary directory that goes, with all in it, when the demo does. */
final class Workspace implements AutoCloseable {
    private final Path root;

    private Workspace(Path root) {
        this.root = root;
    }

    /** @param room bytes that will be needed */
    static Workspace create(long room) throws IOException {
        Path root = Files.createTempDirectory("pantala-demo-");
        long free = Files.getFileStore(root).getUsableSpace();
        if (free < room) {
            Files.delete(root);
            throw new IOException("the demo needs " + new ByteSize(room) + " in " + root.getParent() + ", where "
                    + new ByteSize(free) + " are free; take a smaller --image or fewer --hosts");
        }
        return new Workspace(root);
    }

    Path directory(String name) throws IOException {
        return Files.createDirectory(root.resolve(name));
    }

    @Override
    public void close() throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
