package io.pantala.proxy.setup;

import java.util.Comparator;
import java.util.List;

/**
 * Something to add to a text, which stays what it is otherwise: comments, order and blanks.
 *
 * @param at before which character
 */
record Insertion(int at, String added) {
    static String apply(String text, List<Insertion> insertions) {
        var edited = new StringBuilder(text);
        insertions.stream()
                .sorted(Comparator.comparingInt(Insertion::at).reversed())
                .forEach(insertion -> edited.insert(insertion.at, insertion.added));
        return edited.toString();
    }
}
