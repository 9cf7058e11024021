package io.pantala.proxy.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** Which version of the program this is. */
public final class Version {
    private static final String RESOURCE = "/io/pantala/version.properties";

    private Version() {}

    /** As it was built, such as {@code 0.1.0}. */
    public static String read() {
        Properties built = new Properties();
        try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
            built.load(Objects.requireNonNull(in, RESOURCE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return built.getProperty("version", "unknown");
    }
}
