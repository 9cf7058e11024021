/**
 * What the programs that measure and strain Pantala stand on: hosts in network namespaces, registries, nodes as
 * processes, what these cost, and pulls as engines do them.
 */
@NullMarked
package io.pantala.examples.rig;

import org.jspecify.annotations.NullMarked;
