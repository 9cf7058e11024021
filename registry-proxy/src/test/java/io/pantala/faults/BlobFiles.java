package io.pantala.faults;

import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** The files of one stored blob, for those who spoil them. */
record BlobFiles(Path data, Path blocks) {
    /** Bytes of a record in a sidecar: the block, its hash, its checksum and the record's own. */
    private static final int RECORD = 4 + 32 + 4 + 4;

    /**
     * The files of a complete blob of {@code registry.example}; waits until they are where those are.
     *
     * @param node the node's directory
     */
    static BlobFiles complete(Path node, Digest digest) {
        BlobFiles files = at(node, "registry.example", digest);
        await().until(files::exist);
        return files;
    }

    /** Where those of a complete blob are, once it is one. */
    static BlobFiles at(Path node, String upstream, Digest digest) {
        Path folder = node.resolve("store/blobs")
                .resolve(upstream)
                .resolve(digest.encoded().substring(0, 2));
        return new BlobFiles(folder.resolve(digest.encoded() + ".data"), folder.resolve(digest.encoded() + ".blocks"));
    }

    boolean exist() {
        return Files.exists(blocks) && Files.exists(data);
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

    /**
     * Changes a block, and what the sidecar says of it, so that the two agree.
     *
     * @param content of the blob
     */
    void falsify(int block, int blockSize, byte[] content) throws IOException {
        int offset = block * blockSize;
        flip(offset);
        byte[] changed = Arrays.copyOfRange(content, offset, Math.min(offset + blockSize, content.length));
        changed[0] ^= 1;
        ByteBuffer record = ByteBuffer.allocate(RECORD)
                .putInt(block)
                .put(Digest.sha256(changed).sha256Bytes())
                .putInt(crc(changed, changed.length));
        record.putInt(crc(record.array(), RECORD - 4));
        Files.write(blocks, record.array(), StandardOpenOption.APPEND);
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
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
