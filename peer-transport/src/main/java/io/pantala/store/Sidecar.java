package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The file beside a blob's data: a header that says which blob it is and how it is cut, then one record for each block
 * that was written, in the order of writing: its sha256, and its CRC32C, by which what has lain on disk is told from what
 * was written there. Each record carries a CRC32C of its own, so that what a crash tore is not taken for real.
 *
 * @param hashes of the blocks that have a record
 * @param checksums of these blocks
 * @param end where the next record goes, in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Sidecar(BlobKey key, BlockLayout layout, BlockHashes hashes, int[] checksums, long end) {
    private static final long MAGIC = 0x50414e54414c4142L; // "PANTALAB"
    private static final short VERSION = 2;
    private static final int CRC = 4;
    private static final int RECORD = 4 + BlockHashes.LENGTH + CRC + CRC;
    private static final long LARGEST = 512L << 20;

    /** A sidecar that is not one, or not of a version known here: its blob is worth nothing. */
    static final class CorruptException extends IOException {
        CorruptException(String message) {
            super(message);
        }
    }

    /** The bytes a blob's sidecar starts with. */
    static byte[] header(BlobKey key, BlockLayout layout) {
        byte[] upstream = key.upstream().value().getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + 2 + 2 + upstream.length + 32 + Long.BYTES + 4 + CRC)
                .putLong(MAGIC)
                .putShort(VERSION)
                .putShort((short) upstream.length)
                .put(upstream)
                .put(key.digest().sha256Bytes())
                .putLong(layout.size())
                .putInt(layout.blockSize());
        return header.putInt(crc(header.array(), 0, header.position())).array();
    }

    /** The bytes that say that a block was written. */
    static byte[] record(int block, byte[] hash, int checksum) {
        ByteBuffer record = ByteBuffer.allocate(RECORD).putInt(block).put(hash).putInt(checksum);
        return record.putInt(crc(record.array(), 0, record.position())).array();
    }

    static Sidecar read(Path file) throws IOException {
        if (Files.size(file) > LARGEST) {
            throw new CorruptException(file + " is too large for what it should be");
        }
        try {
            return parse(Files.readAllBytes(file));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new CorruptException(file + " is damaged: " + e);
        }
    }

    private static Sidecar parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (in.getLong() != MAGIC || in.getShort() != VERSION) {
            throw new IllegalArgumentException("unknown format");
        }
        byte[] upstream = new byte[Math.max(0, in.getShort())];
        in.get(upstream);
        byte[] digest = new byte[32];
        in.get(digest);
        long size = in.getLong();
        int blockSize = in.getInt();
        if (in.getInt() != crc(bytes, 0, in.position() - CRC)) {
            throw new IllegalArgumentException("wrong checksum");
        }
        BlobKey key =
                new BlobKey(new UpstreamName(new String(upstream, StandardCharsets.UTF_8)), Digest.ofSha256(digest));
        BlockLayout layout = new BlockLayout(size, blockSize);
        BlockHashes hashes = new BlockHashes(layout.count());
        int[] checksums = new int[layout.count()];
        long end = in.position();
        while (in.remaining() >= RECORD) {
            int start = in.position();
            int block = in.getInt();
            byte[] hash = new byte[BlockHashes.LENGTH];
            in.get(hash);
            int checksum = in.getInt();
            if (in.getInt() == crc(bytes, start, RECORD - CRC) && block >= 0 && block < layout.count()) {
                hashes.put(block, hash);
                checksums[block] = checksum;
                end = in.position();
            }
        }
        return new Sidecar(key, layout, hashes, checksums, end);
    }

    private static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
