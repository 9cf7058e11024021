package io.pantala.proxy.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** The {@code pantala} program. */
public final class Pantala {

    private Pantala() {}

    public static void main(String[] args) {
        if (args.length == 1 && args[0].equals("--version")) {
            System.out.println("pantala " + version());
        } else {
            System.err.println("usage: pantala --version");
            System.exit(2);
        }
    }

    private static String version() {
        var properties = new Properties();
        try (InputStream in = Pantala.class.getResourceAsStream("/io/pantala/version.properties")) {
            properties.load(Objects.requireNonNull(in, "version.properties"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
