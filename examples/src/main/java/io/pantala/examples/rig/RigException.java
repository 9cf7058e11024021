package io.pantala.examples.rig;

/** Something that the user has to mend first. Its message is one line for the user. */
public final class RigException extends Exception {
    public RigException(String message) {
        super(message);
    }
}
