package io.pantala.swarm;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreException;
import io.pantala.store.StoreListener;
import io.pantala.store.StoredBlob;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;

/** A blob's bytes, for tests: made up, and known in full. */
public final class TestContent {
    private final byte[] bytes;
    private final BlobKey key;
    private final BlockLayout layout;

    private TestContent(byte[] bytes, int blockSize) {
        this.bytes = bytes;
        this.key = new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(bytes));
        this.layout = new BlockLayout(bytes.length, blockSize);
    }

    /** Random bytes, the same for the same seed. */
    public static TestContent random(int size, int blockSize, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return new TestContent(bytes, blockSize);
    }

    /** An open store in a directory. */
    public static BlobStore store(Path directory) throws StoreException {
        return BlobStore.open(
                new StoreConfig(directory, OptionalLong.of(1L << 36)), StoreListener.NONE, Clock.systemUTC());
    }

    public BlobKey key() {
        return key;
    }

    public BlockLayout layout() {
        return layout;
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public byte[] block(int index) {
        int offset = (int) layout.offset(index);
        return Arrays.copyOfRange(bytes, offset, offset + layout.length(index));
    }

    public byte[] hash(int index) {
        return Digest.newSha256().digest(block(index));
    }

    /** Puts one block into a blob. */
    public void write(StoredBlob blob, int index) throws IOException {
        try (BlockWriter writer = blob.writer(index)) {
            writer.write(ByteBuffer.wrap(block(index)));
            writer.complete();
        }
    }

    /** Puts the whole blob into a store, sealed. */
    public void storeIn(BlobStore store) throws IOException, NoRoomException {
        try (StoredBlob blob = store.create(key, layout)) {
            for (int block = 0; block < layout.count(); block++) {
                write(blob, block);
            }
            blob.seal();
        }
    }

    /** What a sealed blob holds. */
    public static byte[] read(StoredBlob blob) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
        long position = 0;
        while (position < blob.layout().size()) {
            position += blob.channel().read(chunk.clear(), position);
            out.write(chunk.array(), 0, chunk.position());
        }
        return out.toByteArray();
    }
}
