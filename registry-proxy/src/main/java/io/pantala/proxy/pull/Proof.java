package io.pantala.proxy.pull;

import io.pantala.manifest.Digest;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one engine is sent of a blob from its first byte on, hashed before it leaves: where the whole is not the blob, its
 * last bytes stay here, so that the engine can tell. For bytes that no store has proved. Of one thread.
 */
final class Proof {
    private static final long UNKNOWN = -1;

    /** Null where nothing can be proved, or not any more. */
    private @Nullable MessageDigest hash;

    private final byte[] expected;
    private final long size;
    private long position;
    private boolean refuted;

    private Proof(@Nullable MessageDigest hash, byte[] expected, long size) {
        this.hash = hash;
        this.expected = expected;
        this.size = size;
    }

    /** Of a blob of which all is sent; of other digests than sha256 nothing is proved. */
    static Proof of(Digest digest, long size) {
        return digest.isSha256() ? new Proof(Digest.newSha256(), digest.sha256Bytes(), size) : none();
    }

    /** Of a blob of a length that only its end tells. */
    static Proof ofUnsized(Digest digest) {
        return of(digest, UNKNOWN);
    }

    /** Of a part of a blob, about which nobody but the registry can say anything. */
    static Proof none() {
        return new Proof(null, new byte[0], UNKNOWN);
    }

    /** How many bytes it has taken. */
    long position() {
        return position;
    }

    /** Whether it can still come to say something. */
    boolean possible() {
        return hash != null;
    }

    /** Some bytes are out of reach: it will say nothing. */
    void giveUp() {
        hash = null;
    }

    /** Takes the next bytes, which stay in the buffer; false when they may not leave. */
    boolean accepts(ByteBuffer next) {
        if (hash == null) {
            return !refuted;
        }
        position += next.remaining();
        hash.update(next.duplicate());
        return position != size || matches();
    }

    /** Whether all that it took is the blob, or can't be told. To be asked once, at the end. */
    boolean matches() {
        if (hash != null) {
            refuted = !Arrays.equals(hash.digest(), expected);
            hash = null;
        }
        return !refuted;
    }

    /** Whether what it took is another content. */
    boolean refuted() {
        return refuted;
    }
}
