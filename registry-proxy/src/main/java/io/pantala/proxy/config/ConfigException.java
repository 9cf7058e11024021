package io.pantala.proxy.config;

/** A wrong setting. Its message is one line for the user: which key, where it was set, what is allowed. */
public final class ConfigException extends RuntimeException {
    public ConfigException(String message) {
        super(message);
    }
}
