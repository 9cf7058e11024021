package io.pantala.store;

/** The quota leaves no room for a blob: what is kept is in use, or the blob alone is larger. */
public final class NoRoomException extends Exception {
    NoRoomException(String message) {
        super(message);
    }
}
