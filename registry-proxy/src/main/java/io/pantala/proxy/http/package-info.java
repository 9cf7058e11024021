/** What an engine talks to: its requests read once into validated types, its replies written by straight code. */
@NullMarked
package io.pantala.proxy.http;

import org.jspecify.annotations.NullMarked;
