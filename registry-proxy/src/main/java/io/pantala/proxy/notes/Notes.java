package io.pantala.proxy.notes;

import java.time.Duration;
import java.util.Optional;

/**
 * Small facts by name. A name may hold a secret: it is kept as a hash alone. What can't be kept is lost, as if it had
 * never been told.
 */
public interface Notes {
    /** The longest fact, in bytes. */
    int LONGEST = 8 << 10;

    /** Keeps nothing. */
    Notes NONE = new Notes() {
        @Override
        public Optional<byte[]> find(String name) {
            return Optional.empty();
        }

        @Override
        public void put(String name, byte[] fact, Duration life) {}

        @Override
        public void remove(String name) {}
    };

    /** The fact of this name, if it is known and not too old. May wait, a second at most. */
    Optional<byte[]> find(String name);

    /**
     * Keeps a fact in the place of the last of this name.
     *
     * @param life how long it is true at most
     */
    void put(String name, byte[] fact, Duration life);

    /** It is true no more. */
    void remove(String name);
}
