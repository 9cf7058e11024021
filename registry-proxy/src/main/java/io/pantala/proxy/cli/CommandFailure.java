package io.pantala.proxy.cli;

/** The end of a command that could not do its work. Its message is one line for the user. */
final class CommandFailure extends RuntimeException {
    CommandFailure(String message) {
        super(message);
    }
}
