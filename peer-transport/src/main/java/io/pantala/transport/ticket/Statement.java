package io.pantala.transport.ticket;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * What a voucher says: that a blob is cut like this, and that all its blocks' hashes together have this sha256. It begins
 * with another version than a ticket, so that neither passes for the other.
 */
record Statement(BlobKey key, BlockLayout layout, Digest hashes) {
    private static final int VERSION = 2;

    /** @param packed the sha256 of each block, one after the other */
    static Statement of(BlobKey key, BlockLayout layout, byte[] packed) {
        return new Statement(key, layout, Digest.sha256(packed));
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            out.writeByte(VERSION);
            out.writeUTF(key.upstream().value());
            out.write(key.digest().sha256Bytes());
            out.writeLong(layout.size());
            out.writeInt(layout.blockSize());
            out.write(hashes.sha256Bytes());
        } catch (IOException e) {
            throw new IllegalStateException("memory can always be written to", e);
        }
        return bytes.toByteArray();
    }
}
