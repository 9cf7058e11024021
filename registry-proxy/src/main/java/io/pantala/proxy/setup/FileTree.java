package io.pantala.proxy.setup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The text files of a system, by their paths there; it may be mounted elsewhere than at {@code /}. */
final class FileTree {
    private static final long LARGEST = 4 << 20;
    private static final Set<PosixFilePermission> FOR_ALL_TO_READ = PosixFilePermissions.fromString("rw-r--r--");

    private final Path root;

    FileTree(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** What a file holds; empty if there is none. */
    Optional<String> read(String path) throws SetupException {
        Path file = place(path);
        try {
            if (Files.size(file) > LARGEST) {
                throw new SetupException(path + " is larger than " + LARGEST + " bytes: not a configuration");
            }
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (CharacterCodingException e) {
            throw new SetupException(path + " is not a text in UTF-8");
        } catch (IOException e) {
            throw failed(path, "be read", e);
        }
    }

    /** The paths of the files in a directory whose names end so, in order; none if it isn't there. */
    List<String> list(String directory, String ending) throws SetupException {
        try (Stream<Path> files = Files.list(place(directory))) {
            return files.map(file -> directory + "/" + file.getFileName())
                    .filter(file -> file.endsWith(ending))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw failed(directory, "be read", e);
        }
    }

    /** The directories that would have to be made for a file, the outermost first. */
    List<String> missingDirectories(String path) throws SetupException {
        List<String> missing = new ArrayList<>();
        for (String above = parent(path); !above.isEmpty() && !Files.exists(place(above)); above = parent(above)) {
            missing.addFirst(above);
        }
        return missing;
    }

    /** Puts a text in the place of what a file holds, at once; a file that is there keeps its owner and its mode. */
    void write(String path, String text) throws SetupException {
        Path file = place(path);
        try {
            Files.createDirectories(file.getParent());
            Path fresh = Files.createTempFile(file.getParent(), ".pantala-", ".new");
            try {
                Files.writeString(fresh, text);
                if (Files.exists(file)) {
                    var last = Files.readAttributes(file, PosixFileAttributes.class);
                    Files.setAttribute(fresh, "posix:owner", last.owner());
                    Files.setAttribute(fresh, "posix:group", last.group());
                    Files.setPosixFilePermissions(fresh, last.permissions());
                } else {
                    Files.setPosixFilePermissions(fresh, FOR_ALL_TO_READ);
                }
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(fresh);
            }
        } catch (IOException e) {
            throw failed(path, "be written", e);
        }
    }

    void delete(String path) throws SetupException {
        try {
            Files.deleteIfExists(place(path));
        } catch (IOException e) {
            throw failed(path, "be deleted", e);
        }
    }

    /** Deletes a directory if nothing is in it. */
    void deleteIfEmpty(String directory) throws SetupException {
        try {
            Files.deleteIfExists(place(directory));
        } catch (DirectoryNotEmptyException e) {
            // Someone else uses it.
        } catch (IOException e) {
            throw failed(directory, "be deleted", e);
        }
    }

    private static String parent(String path) {
        return path.substring(0, path.lastIndexOf('/'));
    }

    /** Where it really is, so that a link is followed and stays a link, but never out of the tree. */
    private Path place(String path) throws SetupException {
        Path place = root.resolve(path.substring(1)).normalize();
        Path there = place;
        while (!Files.exists(there)) {
            there = Objects.requireNonNull(there.getParent(), "a system has a root");
        }
        try {
            Path real = there.toRealPath();
            if (!real.startsWith(root.toRealPath())) {
                throw new SetupException(path + " is behind a link that leads out of " + root + ", to " + real);
            }
            return there.equals(place) ? real : place;
        } catch (IOException e) {
            throw failed(path, "be found", e);
        }
    }

    private static SetupException failed(String path, String what, IOException e) {
        return new SetupException(path + " can't " + what + ": "
                + (e instanceof AccessDeniedException ? "permission denied; are you root?" : e.toString()));
    }
}
