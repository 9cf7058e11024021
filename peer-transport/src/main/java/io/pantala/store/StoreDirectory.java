package io.pantala.store;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A store's directory, locked for this process and marked with the version of its format.
 *
 * <p>{@code partial/} and {@code blobs/} both hold {@code <upstream>/<first 2 hex>/<hex>.data} and {@code .blocks};
 * what is under {@code blobs/} is complete and durable. {@code trash/} holds what is being deleted.
 */
final class StoreDirectory implements AutoCloseable {
    private static final int VERSION = 2;
    private static final Set<String> OWN_NAMES =
            Set.of("lock", "format", "format.new", "partial", "blobs", "trash", "lost+found");
    private static final String DATA = ".data";
    private static final String BLOCKS = ".blocks";

    /**
     * A file's lock belongs to the whole process, and closing any channel of that file gives it up: so a second opening
     * must be refused before it touches the file.
     */
    private static final Set<Path> OPEN_IN_THIS_PROCESS = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel lock;
    private final AtomicLong trashed = new AtomicLong();
    private OptionalLong rememberedQuota = OptionalLong.empty();

    private StoreDirectory(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** The two files of one blob. */
    record BlobFiles(Path data, Path blocks) {}

    /** A blob found on disk. */
    record Found(BlobKey key, boolean complete, long size, FileTime lastUsed) {}

    static StoreDirectory open(Path wanted) throws StoreException {
        Path path;
        try {
            Files.createDirectories(wanted);
            path = wanted.toRealPath();
            refuseForeign(path);
        } catch (IOException e) {
            throw unusable(wanted, e);
        }
        if (!OPEN_IN_THIS_PROCESS.add(path)) {
            throw new StoreException(path + " is already open in this process: give each node a directory of its own");
        }
        FileChannel lock = null;
        try {
            lock = lock(path);
            StoreDirectory directory = new StoreDirectory(path, lock);
            directory.readFormat();
            for (String name : List.of("partial", "blobs", "trash")) {
                Files.createDirectories(path.resolve(name));
            }
            return directory;
        } catch (IOException e) {
            letGo(path, lock);
            throw unusable(path, e);
        } catch (StoreException e) {
            letGo(path, lock);
            throw e;
        }
    }

    private static StoreException unusable(Path path, IOException e) {
        return new StoreException("can't keep blobs in " + path + ": " + e, e);
    }

    private static void refuseForeign(Path path) throws IOException, StoreException {
        if (Files.exists(path.resolve("format"))) {
            return;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                if (!OWN_NAMES.contains(entry.getFileName().toString())) {
                    throw new StoreException(path + " holds files that are not Pantala's, such as "
                            + entry.getFileName() + ": choose an empty directory");
                }
            }
        }
    }

    private static FileChannel lock(Path path) throws IOException, StoreException {
        FileChannel channel = FileChannel.open(
                path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock taken;
        try {
            taken = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            throw new StoreException(path + " is already open in this process", e);
        }
        if (taken == null) {
            ByteBuffer holder = ByteBuffer.allocate(32);
            channel.read(holder, 0);
            channel.close();
            String pid = new String(holder.array(), 0, holder.position(), StandardCharsets.US_ASCII).strip();
            throw new StoreException(path + " is in use by another process"
                    + (pid.isEmpty() ? "" : " (pid " + pid + ")") + ": stop it, or choose another directory");
        }
        channel.truncate(0);
        channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)), 0);
        return channel;
    }

    private void readFormat() throws IOException, StoreException {
        Path file = path.resolve("format");
        if (!Files.exists(file)) {
            writeFormat();
            return;
        }
        JsonNode format;
        try {
            format = new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new StoreException(file + " can't be read: delete " + path + " to start with an empty store", e);
        }
        int version = format.path("version").asInt(0);
        if (version > VERSION) {
            throw new StoreException(path + " was written by a newer Pantala (format " + version + ", this one knows "
                    + VERSION + "): upgrade, or choose another directory");
        }
        if (version < 1) {
            throw new StoreException(file + " names no format: delete " + path + " to start with an empty store");
        }
        if (format.path("quota").canConvertToLong()) {
            rememberedQuota = OptionalLong.of(format.path("quota").asLong());
        }
        if (version < VERSION) {
            writeFormat(); // its blobs are found to be of an older kind when they are read, and dropped
        }
    }

    private void writeFormat() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode format = mapper.createObjectNode().put("version", VERSION);
        rememberedQuota.ifPresent(quota -> format.put("quota", quota));
        Path fresh = path.resolve("format.new");
        Files.write(fresh, mapper.writeValueAsBytes(format));
        Files.move(fresh, path.resolve("format"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The quota remembered from an earlier start, else half of the bytes that are this store's or free, remembered. */
    long defaultQuota(long ownBytes) throws IOException {
        if (rememberedQuota.isEmpty()) {
            rememberedQuota = OptionalLong.of((Files.getFileStore(path).getUsableSpace() + ownBytes) / 2);
            writeFormat();
        }
        return rememberedQuota.getAsLong();
    }

    BlobFiles partial(BlobKey key) {
        return files("partial", key);
    }

    BlobFiles complete(BlobKey key) {
        return files("blobs", key);
    }

    private BlobFiles files(String place, BlobKey key) {
        String hex = key.digest().encoded();
        Path folder = path.resolve(place).resolve(escape(key.upstream())).resolve(hex.substring(0, 2));
        return new BlobFiles(folder.resolve(hex + DATA), folder.resolve(hex + BLOCKS));
    }

    /** Takes the files away at once; what it returns can be deleted when there is time. */
    List<Path> trash(BlobFiles files) throws IOException {
        List<Path> trash = new ArrayList<>();
        for (Path file : List.of(files.blocks(), files.data())) {
            if (Files.exists(file)) {
                Path aside = trashName();
                Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
                trash.add(aside);
            }
        }
        return trash;
    }

    /** A complete blob is only a partial one any more. */
    void demote(BlobKey key) throws IOException {
        BlobFiles from = complete(key);
        BlobFiles to = partial(key);
        Files.createDirectories(to.data().getParent());
        Files.move(from.blocks(), to.blocks(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.move(from.data(), to.data(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A name for a file that is to vanish. */
    Path trashName() {
        return path.resolve("trash")
                .resolve(ProcessHandle.current().pid() + "-" + System.nanoTime() + "-" + trashed.incrementAndGet());
    }

    /** What an earlier process was deleting. */
    List<Path> oldTrash() throws IOException {
        List<Path> old = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path.resolve("trash"))) {
            entries.forEach(old::add);
        }
        return old;
    }

    /**
     * All blobs on disk. Half a blob is deleted; one whose two files were parted by a crash while it was being moved to
     * {@code blobs/} is partial again.
     */
    List<Found> scan() throws IOException {
        Map<BlobKey, Remains> remains = new HashMap<>();
        walk("partial", remains);
        walk("blobs", remains);
        List<Found> found = new ArrayList<>();
        for (Map.Entry<BlobKey, Remains> each : remains.entrySet()) {
            each.getValue()
                    .settle(partial(each.getKey()), complete(each.getKey()))
                    .ifPresent(found::add);
        }
        return found;
    }

    private void walk(String place, Map<BlobKey, Remains> remains) throws IOException {
        Path root = path.resolve(place);
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                key(root.relativize(file)).ifPresent(key -> {
                    Remains of = remains.computeIfAbsent(key, Remains::new);
                    (place.equals("blobs") ? of.complete : of.partial)
                            .put(file.getFileName().toString().endsWith(DATA) ? DATA : BLOCKS, attributes);
                });
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static Optional<BlobKey> key(Path relative) {
        String name = relative.getFileName().toString();
        int dot = name.indexOf('.');
        if (relative.getNameCount() != 3 || dot < 0 || !List.of(DATA, BLOCKS).contains(name.substring(dot))) {
            return Optional.empty();
        }
        try {
            return Optional.of(new BlobKey(
                    unescape(relative.getName(0).toString()), new Digest("sha256", name.substring(0, dot))));
        } catch (IllegalArgumentException _) {
            return Optional.empty(); // not ours: left alone
        }
    }

    /** What is there of one blob, in either place. */
    private static final class Remains {
        final BlobKey key;
        final Map<String, BasicFileAttributes> partial = new HashMap<>();
        final Map<String, BasicFileAttributes> complete = new HashMap<>();

        Remains(BlobKey key) {
            this.key = key;
        }

        Optional<Found> settle(BlobFiles partialFiles, BlobFiles completeFiles) throws IOException {
            BasicFileAttributes data = complete.get(DATA);
            BasicFileAttributes blocks = complete.get(BLOCKS);
            if (data != null && blocks != null) {
                delete(partialFiles);
                return Optional.of(found(true, data, blocks));
            }
            data = reunite(DATA, completeFiles.data(), partialFiles.data());
            blocks = reunite(BLOCKS, completeFiles.blocks(), partialFiles.blocks());
            if (data == null || blocks == null) {
                delete(partialFiles);
                return Optional.empty();
            }
            return Optional.of(found(false, data, blocks));
        }

        /** Brings a lone file in {@code blobs/} back to {@code partial/}, if it is missing there. */
        private @Nullable BasicFileAttributes reunite(String kind, Path from, Path to) throws IOException {
            BasicFileAttributes astray = complete.get(kind);
            if (partial.containsKey(kind)) {
                Files.deleteIfExists(from);
                return partial.get(kind);
            }
            if (astray != null) {
                Files.createDirectories(to.getParent());
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            }
            return astray;
        }

        private Found found(boolean isComplete, BasicFileAttributes data, BasicFileAttributes blocks) {
            return new Found(key, isComplete, data.size(), blocks.lastModifiedTime());
        }

        private static void delete(BlobFiles files) throws IOException {
            Files.deleteIfExists(files.data());
            Files.deleteIfExists(files.blocks());
        }
    }

    static void deleteAll(Collection<Path> files) throws IOException {
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    /** An upstream's name without the characters that some file systems refuse; none of the substitutes is in a name. */
    private static String escape(UpstreamName upstream) {
        return upstream.value().replace(':', '+').replace('[', '(').replace(']', ')');
    }

    private static UpstreamName unescape(String name) {
        return new UpstreamName(name.replace('+', ':').replace('(', '[').replace(')', ']'));
    }

    @Override
    public void close() {
        letGo(path, lock);
    }

    private static void letGo(Path path, @Nullable FileChannel lock) {
        try {
            if (lock != null) {
                lock.close();
            }
        } catch (IOException _) {
            // the lock goes with the process at the latest
        } finally {
            OPEN_IN_THIS_PROCESS.remove(path);
        }
    }
}
