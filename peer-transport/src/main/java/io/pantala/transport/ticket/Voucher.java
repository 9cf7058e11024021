package io.pantala.transport.ticket;

import java.util.regex.Pattern;

/**
 * A seed's signed word for what the blocks of a blob are. Whoever carries it need not understand it; any seed of the
 * cluster can check it, also one that has lost the blob.
 *
 * @param text 1 to 256 letters, digits, dashes and underscores
 */
public record Voucher(String text) {
    private static final Pattern TEXT = Pattern.compile("[0-9A-Za-z_-]{1,256}");

    public Voucher {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("not a voucher");
        }
    }
}
