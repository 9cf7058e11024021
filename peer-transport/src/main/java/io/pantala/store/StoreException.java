package io.pantala.store;

/** A store that can't be opened. The message is one line for whoever operates it: what is wrong, and what to do. */
public final class StoreException extends Exception {
    StoreException(String message) {
        super(message);
    }

    StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
