package io.pantala.proxy.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.jspecify.annotations.Nullable;

/** Names and the hashes of their passwords, as {@code htpasswd -B} writes them. */
public final class Users {
    private static final String BASIC = "Basic ";
    private static final int MOST_REMEMBERED = 1_000;
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    /** Hashing takes long on purpose; those who guess must not have all of the machine. */
    private static final int AT_ONCE = 2;

    private static final int LONGEST = 512;

    private final Map<String, String> hashes;
    private final byte[] salt = new byte[32];
    private final Semaphore hashing = new Semaphore(AT_ONCE, true);

    /** Credentials that were right, hashed with a salt of this process. */
    private final Cache<ByteBuffer, Boolean> known = Caffeine.newBuilder()
            .maximumSize(MOST_REMEMBERED)
            .expireAfterWrite(REMEMBERED)
            .executor(Runnable::run)
            .build();

    private Users(Map<String, String> hashes) {
        this.hashes = Map.copyOf(hashes);
        new SecureRandom().nextBytes(salt);
    }

    /** Reads a file; an {@link IllegalArgumentException} says in one line what is wrong with it. */
    public static Users read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new IllegalArgumentException("can't be read: " + e.getMessage(), e);
        }
        Map<String, String> hashes = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            int colon = line.indexOf(':');
            if (colon < 1 || !line.substring(colon + 1).matches("\\$2[aby]\\$[0-9]{2}\\$[./A-Za-z0-9]{53}")) {
                throw new IllegalArgumentException(
                        "line " + (i + 1) + " is not NAME:HASH as htpasswd -B writes it (bcrypt)");
            }
            hashes.put(line.substring(0, colon), line.substring(colon + 1));
        }
        if (hashes.isEmpty()) {
            throw new IllegalArgumentException("names no user");
        }
        return new Users(hashes);
    }

    /** Whether this is a name and its password. May wait for a hash to be computed. */
    boolean admits(@Nullable String credential) throws InterruptedException {
        if (credential == null
                || credential.length() > LONGEST
                || !credential.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
            return false;
        }
        ByteBuffer key = digest(credential);
        if (known.getIfPresent(key) != null) {
            return true;
        }
        String pair;
        try {
            pair = new String(
                    Base64.getDecoder()
                            .decode(credential.substring(BASIC.length()).strip()),
                    UTF_8);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int colon = pair.indexOf(':');
        String hash = colon < 0 ? null : hashes.get(pair.substring(0, colon));
        if (hash == null || !matches(hash, pair.substring(colon + 1))) {
            return false;
        }
        known.put(key, true);
        return true;
    }

    private boolean matches(String hash, String password) throws InterruptedException {
        hashing.acquire();
        try {
            return OpenBSDBCrypt.checkPassword(hash, password.toCharArray());
        } finally {
            hashing.release();
        }
    }

    private ByteBuffer digest(String credential) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(salt);
            return ByteBuffer.wrap(digest.digest(credential.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
