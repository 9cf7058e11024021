package io.pantala.transport.ticket;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What a ticket says: a version, these fields, and behind them a signature of all before it.
 *
 * @param signer the id of the key that has signed it
 * @param seed whose clock {@code until} is by
 */
record Contents(String signer, String host, BlobKey key, String seed, Instant until) {
    /** Bytes of a P-256 signature, its two numbers one after the other. */
    static final int SIGNATURE = 64;

    private static final int VERSION = 1;
    private static final int DIGEST = 32;
    private static final int SIGNER = 4;

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            out.writeByte(VERSION);
            out.write(HexFormat.of().parseHex(signer));
            out.writeLong(until.toEpochMilli());
            out.writeUTF(host);
            out.writeUTF(seed);
            out.writeUTF(key.upstream().value());
            out.write(key.digest().sha256Bytes());
        } catch (IOException e) {
            throw new IllegalStateException("memory can always be written to", e);
        }
        return bytes.toByteArray();
    }

    /** Reads what stands before the signature. */
    static Optional<Contents> decode(byte[] ticket) {
        int length = ticket.length - SIGNATURE;
        if (length <= 0) {
            return Optional.empty();
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(ticket, 0, length))) {
            if (in.readByte() != VERSION) {
                return Optional.empty();
            }
            String signer = HexFormat.of().formatHex(in.readNBytes(SIGNER));
            Instant until = Instant.ofEpochMilli(in.readLong());
            String host = in.readUTF();
            String seed = in.readUTF();
            UpstreamName upstream = new UpstreamName(in.readUTF());
            byte[] sha256 = in.readNBytes(DIGEST);
            if (sha256.length != DIGEST || in.available() > 0) {
                return Optional.empty();
            }
            return Optional.of(new Contents(signer, host, new BlobKey(upstream, Digest.ofSha256(sha256)), seed, until));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
