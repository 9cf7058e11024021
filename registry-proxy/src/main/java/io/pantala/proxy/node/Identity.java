package io.pantala.proxy.node;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.HexFormat;

/** What a node calls itself: a random name, kept with its data, so that it is the same after a restart. */
final class Identity {
    private static final String FILE = "name";
    private static final int BYTES = 8;

    private Identity() {}

    /** Whether a node has been started with this data before. */
    static boolean isKnown(Path directory) {
        return Files.exists(directory.resolve(FILE));
    }

    /** Reads the name, or makes one. Nobody else may do so at the same time. */
    static String of(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        if (Files.exists(file)) {
            String name = Files.readString(file, US_ASCII).strip();
            if (name.matches("[0-9a-f]{" + 2 * BYTES + "}")) {
                return name;
            }
        }
        byte[] random = new byte[BYTES];
        new SecureRandom().nextBytes(random);
        String name = HexFormat.of().formatHex(random);
        Path written = Files.writeString(directory.resolve(FILE + ".new"), name + "\n", US_ASCII);
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return name;
    }
}
