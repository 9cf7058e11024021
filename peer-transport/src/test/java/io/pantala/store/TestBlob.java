package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Some content, and how it is filled into a store. */
record TestBlob(BlobKey key, BlockLayout layout, Content content) {
    static final int BLOCK = 1000;

    /** Bytes that don't count for equality. */
    static final class Content {
        final byte[] bytes;

        Content(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    static TestBlob ofSize(int size) {
        return ofSize(size, BLOCK);
    }

    static TestBlob ofSize(int size, int blockSize) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return new TestBlob(
                new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(bytes)),
                new BlockLayout(size, blockSize),
                new Content(bytes));
    }

    TestBlob from(String upstream) {
        return new TestBlob(new BlobKey(UpstreamName.parse(upstream), key.digest()), layout, content);
    }

    byte[] block(int block) {
        int offset = (int) layout.offset(block);
        return Arrays.copyOfRange(content.bytes, offset, offset + layout.length(block));
    }

    byte[] hash(int block) {
        return Digest.newSha256().digest(block(block));
    }

    void write(StoredBlob blob, int... blocks) throws IOException {
        for (int block : blocks) {
            try (BlockWriter writer = blob.writer(block)) {
                writer.write(ByteBuffer.wrap(block(block)));
                writer.complete();
            }
        }
    }

    void writeAll(StoredBlob blob) throws IOException {
        write(blob, IntStream.range(0, layout.count()).toArray());
    }

    /** A lease on this blob, whole and sealed. */
    StoredBlob storedIn(BlobStore store) throws IOException, NoRoomException {
        StoredBlob blob = store.create(key, layout);
        writeAll(blob);
        blob.seal();
        return blob;
    }

    static byte[] read(BlobReader reader, long end) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) (end - reader.position()));
        while (bytes.hasRemaining()) {
            int read = reader.channel().read(bytes, reader.position());
            if (read < 0) {
                throw new IOException("the file ends at " + reader.position());
            }
            reader.advance(read);
        }
        return bytes.array();
    }
}
