package io.pantala.proxy.grant;

import io.pantala.manifest.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Stands for an asker and what it asks for: a hash under a key that only this process has, so that no credential is kept. */
record VerdictKey(long first, long second, long third, long fourth) {

    /** Makes keys under a random secret of its own. */
    static final class Maker {
        private static final String ALGORITHM = "HmacSHA256";

        private final SecretKeySpec secret;

        Maker() {
            byte[] random = new byte[32];
            new SecureRandom().nextBytes(random);
            secret = new SecretKeySpec(random, ALGORITHM);
        }

        VerdictKey make(Asker asker, String kind, Digest digest) {
            try {
                Mac mac = Mac.getInstance(ALGORITHM);
                mac.init(secret);
                feed(mac, asker.authorization().header());
                feed(mac, asker.upstream().value());
                feed(mac, asker.repository().value());
                feed(mac, kind);
                feed(mac, digest.toString());
                ByteBuffer hash = ByteBuffer.wrap(mac.doFinal());
                return new VerdictKey(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
            }
        }

        /** With its length in front, so that no two lists of parts look the same. */
        private static void feed(Mac mac, @Nullable String part) {
            byte[] bytes = part == null ? new byte[0] : part.getBytes(StandardCharsets.UTF_8);
            mac.update(ByteBuffer.allocate(Integer.BYTES)
                    .putInt(part == null ? -1 : bytes.length)
                    .flip());
            mac.update(bytes);
        }
    }
}
