package io.pantala.examples.bench;

/** Something that the bench measures, and prints. */
interface Figure {
    void measure(Stage stage) throws Exception;
}
