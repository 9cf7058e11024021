package io.pantala.proxy.config;

/** Reads yes and no as YAML writes them. */
final class Truth {
    private Truth() {}

    static boolean parse(String text) {
        return switch (text.strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false");
        };
    }
}
