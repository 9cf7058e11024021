package io.pantala.seed.api;

import java.io.Serial;

/** A request that can't be understood. Its reason says what is wrong with it. */
final class BadRequestException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final String reason;

    BadRequestException(String reason) {
        super(reason);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
