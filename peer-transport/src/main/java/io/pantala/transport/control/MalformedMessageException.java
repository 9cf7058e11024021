package io.pantala.transport.control;

/** Bytes that are no message. */
final class MalformedMessageException extends Exception {
    MalformedMessageException(String message) {
        super(message);
    }
}
