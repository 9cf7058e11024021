package io.pantala.proxy.setup;

/** What keeps an engine from being set up: which file, what is wrong with it, what to do. Nothing was changed. */
public final class SetupException extends Exception {
    SetupException(String message) {
        super(message);
    }
}
