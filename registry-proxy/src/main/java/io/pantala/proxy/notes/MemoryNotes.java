package io.pantala.proxy.notes;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Facts of this process, for as long as it runs, under names hashed with a key that nobody else has. Of two facts of one
 * name the one that is true for longer stays: it was learnt later, whichever comes first.
 */
public final class MemoryNotes implements Notes {
    private static final String ALGORITHM = "HmacSHA256";
    private static final long MOST_BYTES = 8 << 20;
    private static final int BYTES_EACH = 100;

    private final SecretKeySpec key;
    private final Ticker ticker;
    private final Cache<ByteBuffer, Fact> facts;

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Fact(byte[] bytes, long until) {}

    public MemoryNotes() {
        this(Ticker.systemTicker());
    }

    /** With a clock of its own. */
    public MemoryNotes(Ticker ticker) {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        key = new SecretKeySpec(random, ALGORITHM);
        this.ticker = ticker;
        facts = Caffeine.newBuilder()
                .maximumWeight(MOST_BYTES)
                .<ByteBuffer, Fact>weigher((_, fact) -> BYTES_EACH + fact.bytes.length)
                .expireAfter(
                        Expiry.<ByteBuffer, Fact>writing((_, fact) -> Duration.ofNanos(fact.until - ticker.read())))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Optional<byte[]> find(String name) {
        return Optional.ofNullable(facts.getIfPresent(hash(name))).map(Fact::bytes);
    }

    @Override
    public void put(String name, byte[] fact, Duration life) {
        if (fact.length <= LONGEST) {
            facts.asMap()
                    .merge(
                            hash(name),
                            new Fact(fact.clone(), ticker.read() + life.toNanos()),
                            (known, told) -> told.until - known.until < 0 ? known : told);
        }
    }

    @Override
    public void remove(String name) {
        facts.invalidate(hash(name));
    }

    private ByteBuffer hash(String name) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return ByteBuffer.wrap(mac.doFinal(name.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
        }
    }
}
