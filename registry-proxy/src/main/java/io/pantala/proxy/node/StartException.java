package io.pantala.proxy.node;

/** A node that could not start. Its message is one line for the user. */
public final class StartException extends Exception {
    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
