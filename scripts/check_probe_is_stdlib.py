"""Fail if parallab_probe, which lives in learners' kernels, imports anything but itself and the standard library."""

import sys

import grimp

graph = grimp.build_graph("parallab_probe", include_external_packages=True, cache_dir=None)
found = {
    (module, line["line_number"], outside)
    for module in graph.modules
    for outside in graph.find_modules_directly_imported_by(module)
    if outside.split(".")[0] not in sys.stdlib_module_names | {"parallab_probe"}
    for line in graph.get_import_details(importer=module, imported=outside)
}
for module, line, outside in sorted(found):
    print(f"{module}, line {line}: imports {outside}, which is not in the standard library")
sys.exit(bool(found))
