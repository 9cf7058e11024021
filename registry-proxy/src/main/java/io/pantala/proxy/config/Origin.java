package io.pantala.proxy.config;

import java.nio.file.Path;

/** Where a setting was made, as a user would look for it. */
sealed interface Origin {
    /** On the command line. */
    record Flag(String name) implements Origin {
        @Override
        public String toString() {
            return name;
        }
    }

    /** In the environment. */
    record Variable(String name) implements Origin {
        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * In the file.
     *
     * @param line the first is 1
     */
    record Line(Path file, int line) implements Origin {
        @Override
        public String toString() {
            return file + ":" + line;
        }
    }

    /** Nowhere: the program's own choice. */
    record Default() implements Origin {
        @Override
        public String toString() {
            return "the default";
        }
    }
}
