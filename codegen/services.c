/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/services.h"

#include <string.h>

#include "codegen/digest.h"
#include "codegen/method_options.h"
#include "codegen/names.h"
#include "codegen/sha256.h"

static const grille_gen_message *find_type(grille_gen_model *model, const grille_gen_method *method,
                                           const char *type_name) {
    const grille_gen_message *message = grille_gen_find_message(model, type_name);
    if (!message)
        grille_gen_problem(&model->problems, &method->path, "`%s`: there is no message `%s`", method->name,
                           type_name ? type_name : "");
    return message;
}

static bool read_method(grille_gen_model *model, const grille_gen_service *service, grille_gen_method *method) {
    const Google__Protobuf__MethodDescriptorProto *proto = method->proto;
    if (!grille_gen_is_identifier(proto->name)) {
        grille_gen_problem(&model->problems, &method->path, "`%s` is not a name for a method",
                           proto->name ? proto->name : "");
        return false;
    }
    method->name = proto->name;
    method->route = grille_gen_format(model->pool, "/%s/%s", service->full_name, proto->name);
    method->id = grille_gen_id_of(method->route);
    bool from_client = proto->has_client_streaming && proto->client_streaming;
    bool from_server = proto->has_server_streaming && proto->server_streaming;
    method->kind = from_client ? (from_server ? GRILLE_METHOD_BIDIRECTIONAL : GRILLE_METHOD_CLIENT_STREAMING)
                               : (from_server ? GRILLE_METHOD_SERVER_STREAMING : GRILLE_METHOD_UNARY);
    method->request = find_type(model, method, proto->input_type);
    method->response = find_type(model, method, proto->output_type);
    grille_gen_read_method_options(&model->problems, method);
    return method->request && method->response;
}

static bool read_service(grille_gen_model *model, grille_gen_service *service) {
    const Google__Protobuf__ServiceDescriptorProto *proto = service->proto;
    const char *package = service->path.file->package ? service->path.file->package : "";
    if (!grille_gen_is_identifier(proto->name)) {
        grille_gen_problem(&model->problems, &service->path, "`%s` is not a name for a service",
                           proto->name ? proto->name : "");
        return false;
    }
    service->full_name = grille_gen_format(model->pool, "%s%s%s", package, *package ? "." : "", proto->name);
    service->id = grille_gen_id_of(service->full_name);
    service->methods = grille_gen_alloc_array(model->pool, proto->n_method, sizeof(*service->methods));
    for (size_t i = 0; i < proto->n_method; i++) {
        grille_gen_method *method = &service->methods[service->method_count];
        method->proto = proto->method[i];
        method->path = grille_gen_path_into(&service->path, GRILLE_GEN_SERVICE_METHOD, i);
        if (read_method(model, service, method)) service->method_count++;
    }
    grille_gen_digest(model, service);
    return true;
}

/* Something with an id; all of them are compared with each other. */
typedef struct numbered {
    const char *name;
    uint32_t id;
    const grille_gen_path *path;
} numbered;

static void check_id(grille_gen_model *model, const numbered *earlier, size_t count, const numbered *one) {
    if (one->id == 0)
        grille_gen_problem(&model->problems, one->path, "the id of `%s` is 0, which is reserved; rename it", one->name);
    for (size_t i = 0; i < count; i++)
        if (earlier[i].id == one->id && strcmp(earlier[i].name, one->name) != 0)
            grille_gen_problem(&model->problems, one->path,
                               "`%s` has the same id 0x%08x as `%s` (%s); rename one of them", one->name,
                               (unsigned)one->id, earlier[i].name, grille_gen_place(model->pool, earlier[i].path));
}

static void check_ids(grille_gen_model *model) {
    size_t most_methods = 0, most_services = 0, method_count = 0, service_count = 0;
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t j = 0; j < model->files[i].service_count; j++, most_services++)
            most_methods += model->files[i].services[j].method_count;
    numbered *methods = grille_gen_alloc_array(model->pool, most_methods, sizeof(*methods));
    numbered *services = grille_gen_alloc_array(model->pool, most_services, sizeof(*services));
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t j = 0; j < model->files[i].service_count; j++) {
            const grille_gen_service *service = &model->files[i].services[j];
            services[service_count] = (numbered){service->full_name, service->id, &service->path};
            check_id(model, services, service_count, &services[service_count]);
            service_count++;
            for (size_t k = 0; k < service->method_count; k++, method_count++) {
                const grille_gen_method *method = &service->methods[k];
                methods[method_count] = (numbered){method->route, method->id, &method->path};
                check_id(model, methods, method_count, &methods[method_count]);
            }
        }
}

void grille_gen_services_read(grille_gen_model *model) {
    for (size_t i = 0; i < model->file_count; i++) {
        grille_gen_file *file = &model->files[i];
        if (!file->wanted) continue;
        grille_gen_path path = grille_gen_path_of(file->proto);
        file->services = grille_gen_alloc_array(model->pool, file->proto->n_service, sizeof(*file->services));
        for (size_t j = 0; j < file->proto->n_service; j++) {
            grille_gen_service *service = &file->services[file->service_count];
            service->proto = file->proto->service[j];
            service->path = grille_gen_path_into(&path, GRILLE_GEN_FILE_SERVICE, j);
            if (read_service(model, service)) file->service_count++;
        }
    }
    check_ids(model);
}
