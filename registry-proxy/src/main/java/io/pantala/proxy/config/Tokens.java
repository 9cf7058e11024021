package io.pantala.proxy.config;

import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reads what a node joins with. */
final class Tokens {
    private static final long LARGEST = 4096;

    private Tokens() {}

    static Optional<Token> read(Settings settings) {
        Optional<Setting> text = settings.find(Key.JOIN_TOKEN);
        Optional<Setting> file = settings.find(Key.JOIN_TOKEN_FILE);
        if (text.isPresent() && file.isPresent()) {
            throw new ConfigException(Key.JOIN_TOKEN.path() + " (" + text.get().origin() + ") and "
                    + Key.JOIN_TOKEN_FILE.path() + " (" + file.get().origin() + "): one of them is enough");
        }
        return text.map(set -> set.parse(Token::parse)).or(() -> file.map(set -> set.parse(Tokens::inFile)));
    }

    private static Token inFile(String name) {
        Path file = Path.of(name);
        try {
            if (Files.size(file) > LARGEST) {
                throw new IllegalArgumentException("holds more than a token");
            }
            return Token.parse(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException("can't be read: " + e, e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the file " + e.getMessage(), e);
        }
    }
}
