package io.pantala.transport.ticket;

import java.util.regex.Pattern;

/**
 * Lets one host fetch the blocks of one blob from any node of its cluster, for a few minutes. Whoever carries it need not
 * understand it.
 *
 * @param text as it is sent in {@link #HEADER}: 1 to 1024 letters, digits, dashes and underscores
 */
public record Ticket(String text) {
    /** Where a request for a block shows it. */
    public static final String HEADER = "Pantala-Ticket";

    static final int LONGEST = 1024;

    private static final Pattern TEXT = Pattern.compile("[0-9A-Za-z_-]{1," + LONGEST + "}");

    public Ticket {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("not a ticket");
        }
    }

    /** Not the ticket, which opens something. */
    @Override
    public String toString() {
        return "a ticket";
    }
}
