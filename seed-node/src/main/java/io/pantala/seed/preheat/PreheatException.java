package io.pantala.seed.preheat;

import java.io.Serial;

/** Why an image can't be fetched ahead. Its message is for people, and has no secret in it. */
final class PreheatException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    PreheatException(String message) {
        super(message);
    }
}
