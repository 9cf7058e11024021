package io.pantala.transport.control;

import io.pantala.manifest.BlobKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Short names of blobs on one link: a host numbers each that it wants, until it leaves it, and what is said about it
 * meanwhile, several times for each of its blocks, has the number in place of upstream and digest. A seed that doesn't know
 * of numbers never says one, and is told none.
 *
 * <p>Safe for use by several threads.
 */
final class BlobNumbers {
    /** What is wanted beside so many has its long name. */
    static final int MOST = 1024;

    private final Map<BlobKey, Integer> numbers = new HashMap<>();
    private final Map<Integer, BlobKey> keys = new HashMap<>();

    /** Those that the other end knows, too. */
    private final Set<Integer> shared = new HashSet<>();

    private int last;

    /** The number of a blob that this end wants; empty if it gets none. */
    synchronized OptionalInt give(BlobKey key) {
        Integer given = numbers.get(key);
        if (given != null) {
            return OptionalInt.of(given);
        }
        if (numbers.size() == MOST) {
            return OptionalInt.empty();
        }
        put(key, ++last);
        return OptionalInt.of(last);
    }

    /** The other end wants a blob, and has given it this number. */
    synchronized void take(BlobKey key, int number) {
        forget(key);
        BlobKey before = keys.get(number);
        if (before != null) {
            forget(before);
        }
        if (numbers.size() < MOST) {
            put(key, number);
            shared.add(number);
        }
    }

    private void put(BlobKey key, int number) {
        numbers.put(key, number);
        keys.put(number, key);
    }

    /** A blob's number, if both ends know it. */
    synchronized OptionalInt shared(BlobKey key) {
        Integer number = numbers.get(key);
        return number != null && shared.contains(number) ? OptionalInt.of(number) : OptionalInt.empty();
    }

    /** What the other end means by a number, which it knows, then; empty if the blob is wanted no more. */
    synchronized Optional<BlobKey> heard(int number) {
        BlobKey key = keys.get(number);
        if (key != null) {
            shared.add(number);
        }
        return Optional.ofNullable(key);
    }

    /** The blob is wanted no more. */
    synchronized void forget(BlobKey key) {
        Integer number = numbers.remove(key);
        if (number != null) {
            keys.remove(number);
            shared.remove(number);
        }
    }
}
