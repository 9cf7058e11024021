package io.pantala.seed.backfill;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.RegistryResponse;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.zip.GZIPInputStream;

/**
 * Where a blob goes whose length is only known at its end: to a file first, and from there, if its digest is right, into
 * the store. All such files together take at most a quarter of the store's quota, and count as part of it.
 */
final class Spool {
    private static final int CHUNK = 64 << 10;
    private static final String MARK = ".unproved";

    private final Path directory;
    private final BlobStore store;
    private final AtomicLong bytes = new AtomicLong();

    /** Empties the directory of what an earlier process left. */
    Spool(Path directory, BlobStore store) {
        this.directory = directory;
        this.store = store;
        try {
            Files.createDirectories(directory);
            try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*{.blob," + MARK + "}")) {
                for (Path file : left) {
                    if (file.toString().endsWith(MARK)) {
                        dropUnproved(Files.readString(file, US_ASCII));
                    }
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't use " + directory, e);
        }
    }

    private void dropUnproved(String key) {
        String[] parts = key.split("@", 2);
        try {
            BlobKey marked = new BlobKey(new UpstreamName(parts[0]), Digest.parse(parts[1]));
            Optional<StoredBlob> found = store.find(marked);
            if (found.isPresent()) {
                try (StoredBlob blob = found.get()) {
                    if (!blob.sealed()) {
                        store.drop(marked);
                    }
                }
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // The process ended before it was written.
        }
    }

    /**
     * What the store gets of a blob from now on was vouched for by nobody: as long as the mark is open, whoever starts
     * anew drops it.
     */
    Mark mark(BlobKey key) throws IOException {
        Path file = directory.resolve(UUID.randomUUID() + MARK);
        Files.writeString(file, key.toString(), US_ASCII, StandardOpenOption.CREATE_NEW);
        return () -> Files.delete(file);
    }

    /** Says so until it is closed. */
    interface Mark extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    /** What became of it. */
    sealed interface Outcome {
        /** It is in the store, complete. */
        record Stored(BlockLayout layout) implements Outcome {}

        /** Its bytes are not those of the digest. */
        record Mismatch(Digest got) implements Outcome {}

        /** It did not fit, or was not wanted any more. */
        record GivenUp(String why) implements Outcome {}
    }

    /**
     * Takes a whole response.
     *
     * @param onBytes told of how many bytes came
     * @param wanted asked now and then
     */
    Outcome take(BlobKey key, RegistryResponse response, Duration idle, LongConsumer onBytes, BooleanSupplier wanted)
            throws IOException {
        try (File raw = new File()) {
            MessageDigest sha256 = Digest.newSha256();
            for (ByteBuffer chunk = response.next(idle); chunk != null; chunk = response.next(idle)) {
                onBytes.accept(chunk.remaining());
                sha256.update(chunk.duplicate());
                if (!wanted.getAsBoolean() || !raw.write(chunk)) {
                    return new Outcome.GivenUp("there is no room for it, or nobody wants it");
                }
            }
            Digest got = Digest.ofSha256(sha256.digest());
            if (got.equals(key.digest())) {
                return store(key, raw);
            }
            // Whoever compressed it on the way was not asked to.
            boolean compressed = "gzip".equalsIgnoreCase(response.headers().get("Content-Encoding"));
            return compressed ? decompressed(key, raw, wanted) : new Outcome.Mismatch(got);
        }
    }

    private Outcome decompressed(BlobKey key, File raw, BooleanSupplier wanted) throws IOException {
        try (File plain = new File();
                InputStream in = new GZIPInputStream(new BufferedInputStream(raw.stream()), CHUNK)) {
            MessageDigest sha256 = Digest.newSha256();
            byte[] chunk = new byte[CHUNK];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                sha256.update(chunk, 0, read);
                if (!wanted.getAsBoolean() || !plain.write(ByteBuffer.wrap(chunk, 0, read))) {
                    return new Outcome.GivenUp("there is no room for it, or nobody wants it");
                }
            }
            Digest got = Digest.ofSha256(sha256.digest());
            return got.equals(key.digest()) ? store(key, plain) : new Outcome.Mismatch(got);
        }
    }

    private Outcome store(BlobKey key, File file) throws IOException {
        BlockLayout layout = BlockLayout.of(file.size);
        try (StoredBlob blob = store.create(key, layout)) {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
            for (int block = 0; block < layout.count(); block++) {
                try (BlockWriter writer = blob.writer(block)) {
                    long position = layout.offset(block);
                    while (writer.remaining() > 0) {
                        file.channel.read(chunk.clear().limit(Math.min(CHUNK, writer.remaining())), position);
                        position += chunk.position();
                        writer.write(chunk.flip());
                    }
                    writer.complete();
                }
            }
            blob.seal();
            return new Outcome.Stored(layout);
        } catch (NoRoomException e) {
            return new Outcome.GivenUp(String.valueOf(e.getMessage()));
        }
    }

    private boolean reserve(long more) throws IOException {
        long limit = store.usage().quota() / 4;
        if (bytes.addAndGet(more) > limit || !store.setAside(more)) {
            bytes.addAndGet(-more);
            return false;
        }
        return true;
    }

    /** One file, gone when closed. */
    private final class File implements AutoCloseable {
        private final FileChannel channel;
        private long size;

        File() throws IOException {
            channel = FileChannel.open(
                    directory.resolve(UUID.randomUUID() + ".blob"),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
        }

        boolean write(ByteBuffer chunk) throws IOException {
            if (!reserve(chunk.remaining())) {
                return false;
            }
            size += chunk.remaining();
            for (long at = size - chunk.remaining(); chunk.hasRemaining(); ) {
                at += channel.write(chunk, at);
            }
            return true;
        }

        InputStream stream() throws IOException {
            return Channels.newInputStream(channel.position(0));
        }

        @Override
        public void close() throws IOException {
            bytes.addAndGet(-size);
            store.giveBack(size);
            channel.close();
        }
    }
}
